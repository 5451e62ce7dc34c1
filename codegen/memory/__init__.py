"""Where every byte of a network lies: homes of values, lifetimes, the arena, blocks of weights."""
