"""What conda prints as an error, without a traceback."""


class CondaError(Exception):
    pass


class PluginError(CondaError):
    pass
