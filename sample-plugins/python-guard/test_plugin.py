import unittest

import plugin
from outrigger.testing import Plugin


class GuardTest(unittest.TestCase):
    def test_blocks_what_the_operator_lists(self):
        with Plugin(plugin, config={"commands": ["rm -rf *"]}) as guard:
            answer = guard.call("conda.pre_command", {"command": "rm", "args": ["-rf", "/"]})
            self.assertEqual(answer["violation"]["code"], "listed")
            self.assertEqual(guard.call("conda.pre_command", {"command": "ls", "args": []}), {})


if __name__ == "__main__":
    unittest.main()
