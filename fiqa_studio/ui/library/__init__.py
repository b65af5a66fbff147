"""The side bar: what is in the library, and its folders."""
