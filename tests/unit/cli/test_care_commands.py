"""`migrate` says what it did."""


def test_migrate_says_whether_it_made_a_database_or_found_one(bare):
    made = bare("migrate")
    assert (made.code, made.out) == (0, f"made {bare.database}\n")
    again = bare("migrate")
    assert (again.code, again.out) == (0, f"nothing to do: {bare.database} is of this version\n")
