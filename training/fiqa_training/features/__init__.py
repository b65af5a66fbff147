"""What frozen parts of a network say of pictures, computed once."""
