"""Merkle trees of logs (RFC 6962 section 2.1): leaf and node hashes, roots, and proofs that a tree only grew."""

from collections.abc import Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()
HASH_BYTES = 32


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root over hashes of leaves, or of perfect subtrees of one height."""
    stack: list[tuple[int, bytes]] = []
    for found in hashes:
        height, node = 0, found
        while stack and stack[-1][0] == height:
            node = node_hash(stack.pop()[1], node)
            height += 1
        stack.append((height, node))
    return joined([node for _, node in stack])


def joined(nodes: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees, the largest first."""
    if not nodes:
        return EMPTY
    root = nodes[-1]
    for node in reversed(nodes[:-1]):
        root = node_hash(node, root)
    return root


def is_consistent(old: tuple[int, bytes], new: tuple[int, bytes], proof: Sequence[bytes]) -> bool:
    """Return whether `proof` shows that the tree `new` (size, root) only added to `old` (RFC 9162 section 2.1.4.2)."""
    (old_size, old_root), (new_size, new_root) = old, new
    if old_size == new_size:
        return old_root == new_root and not proof
    if old_size == 0:
        return not proof
    if old_size > new_size or not proof:
        return False
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    first, second = old_size - 1, new_size - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    from_old = from_new = path[0]
    for node in path[1:]:
        if second == 0:
            return False
        if first & 1 or first == second:
            from_old, from_new = node_hash(node, from_old), node_hash(node, from_new)
            while not first & 1 and first:
                first, second = first >> 1, second >> 1
        else:
            from_new = node_hash(from_new, node)
        first, second = first >> 1, second >> 1
    return second == 0 and from_old == old_root and from_new == new_root
