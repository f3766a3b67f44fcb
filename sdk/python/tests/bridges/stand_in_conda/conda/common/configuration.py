"""Parameters of settings."""


class PrimitiveParameter:
    def __init__(self, default, element_type=None):
        self.default, self.element_type = default, element_type


class SequenceParameter:
    def __init__(self, element_type, default=()):
        self.default, self.element_type = default, element_type


class MapParameter:
    def __init__(self, element_type, default=None):
        self.default, self.element_type = default, element_type
