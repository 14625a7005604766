"""JSON: the only place where it is made from our dataclasses, and read back.

Every `*_json` returns plain dicts, lists, strings and numbers; every `*_from_json` is its exact inverse.
"""
