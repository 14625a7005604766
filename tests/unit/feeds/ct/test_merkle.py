"""Roots and proofs agree with RFC 6962's definitions, and no other tree passes."""

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.certificate_log import consistency_proof, tree_root
from watcher.feeds.ct.merkle import is_consistent, leaf_hash, root_of

LEAVES = [leaf_hash(str(number).encode()) for number in range(300)]


@given(st.integers(0, 300))
def test_the_root_is_the_one_that_is_defined(size):
    assert root_of(LEAVES[:size]) == tree_root(LEAVES[:size])


@given(st.integers(1, 120), st.integers(0, 120))
def test_a_tree_that_grew_is_consistent_and_one_that_changed_is_not(old, more):
    new = old + more
    proof = consistency_proof(old, LEAVES[:new])
    heads = (old, tree_root(LEAVES[:old])), (new, tree_root(LEAVES[:new]))
    assert is_consistent(*heads, proof)
    changed = [b"x" * 32, *LEAVES[1:old]]
    if more:
        assert not is_consistent((old, tree_root(changed)), heads[1], proof)
        assert not is_consistent(heads[0], (new, tree_root([b"x" * 32, *LEAVES[1:new]])), proof)
        assert not is_consistent(*heads, proof[:-1])
