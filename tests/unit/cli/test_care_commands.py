"""`migrate` and `backup` say what they did, or why not and what to do."""


def test_migrate_says_whether_it_made_a_database_or_found_one(bare):
    made = bare("migrate")
    assert (made.code, made.out) == (0, f"made {bare.database}\n")
    again = bare("migrate")
    assert (again.code, again.out) == (0, f"nothing to do: {bare.database} is of this version\n")


def test_a_copy_of_nothing_is_refused_with_the_mend(bare):
    assert "`watcher serve` makes one" in bare.refused("backup", "copy.db", code=3)
    assert not bare.database.exists()
    assert not (bare.database.parent / "copy.db").exists()
