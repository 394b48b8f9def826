__all__ = [
    "checkpoint",
    "cosignature",
    "errors",
    "fsck",
    "key",
    "note",
    "policy",
    "proof",
    "tile",
    "tile_proof",
    "tree",
    "witness",
]
