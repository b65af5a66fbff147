"""Background work as the user sees it: progress, cancel, failures and what came before."""
