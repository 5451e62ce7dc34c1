"""The program `nn2flash`: what other rooms can do, as verbs over a model file."""
