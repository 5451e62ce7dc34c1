"""The intermediate representation: a graph of typed values and the operators that join them."""
