from mlfactory.errors import UserError, nearest


def test_message_is_one_line():
    assert str(UserError("first\n  second")) == "first second"


def test_hint_is_the_nearest_name():
    assert nearest("MSE", ["MGC", "MES", "ES"]) == "did you mean MES?"


def test_without_a_near_name_the_known_ones_are_listed():
    assert nearest("zzz", {"b", "a"}) == "there are a, b"
    assert nearest("zzz", []) == "there are none"


def test_long_lists_are_cut():
    hint = nearest("zzz", [f"name{number:02}" for number in range(30)])
    assert hint.startswith("there are name00, name01, ")
    assert hint.endswith(", name11 and 18 more")
