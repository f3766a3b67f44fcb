"""pycomex loads this as one of its plugins, for its name begins with `pycomex_`: see outrigger/bridges/pycomex."""
