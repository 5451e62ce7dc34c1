"""The build graph itself: real SCons runs on copies of the tree."""
