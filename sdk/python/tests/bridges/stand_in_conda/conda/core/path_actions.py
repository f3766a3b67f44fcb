"""Actions of a transaction."""


class Action:
    def __init__(self, transaction_context, target_prefix, unlink_precs, link_precs, remove_specs, update_specs, neutered_specs):
        self.transaction_context, self.target_prefix = transaction_context, target_prefix
        self.unlink_precs, self.link_precs = unlink_precs, link_precs
        self.remove_specs, self.update_specs, self.neutered_specs = remove_specs, update_specs, neutered_specs
        self._verified = False
