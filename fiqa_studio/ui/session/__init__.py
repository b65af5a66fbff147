"""What an open library is to the window: reads off the thread, changes, choices."""
