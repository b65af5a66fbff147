"""A network small enough to learn in a test, for recipes written there."""

TINY_NETWORK = """
[network.changes]
stage_channels = [16, 16]
swin_hidden = [16, 16]
token_channels = 16
decoder_channels = 16
decoder_hidden = 16
degradation_channels = 16
"""
