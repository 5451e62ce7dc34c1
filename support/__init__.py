"""What every command line of this project shares: user errors, atomic files, progress."""
