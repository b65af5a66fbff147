"""The paper's training of a quality network on pictures."""
