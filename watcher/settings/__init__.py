"""The settings: one module for each kind of section; `load` reads file and environment."""
