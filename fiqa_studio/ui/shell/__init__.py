"""The window around the features: menus, bars, workspace, empty pages."""
