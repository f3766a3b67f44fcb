import unittest

import search

DEFAULTS = {"method": "random", "repetitions": 1, "seed": 0, "direction": "minimize"}


class SearchTest(unittest.TestCase):
    def test_a_grid_has_both_ends_of_a_range(self):
        self.assertEqual(search.steps({"low": 1, "high": 3, "integer": True}), [1, 2, 3])
        self.assertEqual(search.steps({"low": 0.1, "high": 0.3, "step": 0.1}), [0.1, 0.2, 0.3])
        self.assertEqual(search.steps({"low": 2, "high": 2, "integer": True}), [2])
        self.assertEqual(len(search.steps({"low": 0, "high": 1})), 10)

    def test_a_logarithmic_range_has_its_ends_and_its_middle(self):
        values = {"low": 1e-13, "high": 1e-3, "log": True}
        self.assertEqual([search.between(values, part) for part in (0, 0.5, 1)], [1e-13, 1e-8, 1e-3])

    def test_a_grid_that_is_too_large_is_refused(self):
        space = {name: {"low": 0, "high": 1} for name in "abcdef"}
        with self.assertRaisesRegex(ValueError, "grid of 1000000 points: 100000 are the most"):
            search.suggest({**DEFAULTS, "method": "grid", "space": space}, [])
        with self.assertRaisesRegex(ValueError, "grid of 1000001 values"):
            search.steps({"low": 0, "high": 1_000_000, "integer": True})

    def test_a_range_that_is_none_is_refused(self):
        for values in ({"low": 1}, {"high": 1}, {}, {"low": 2, "high": 1}, {"low": 0, "high": 1, "log": True}):
            with self.assertRaisesRegex(ValueError, 'Cannot search "RATE"'):
                search.check({"RATE": values})
        search.check({"RATE": {"low": 1, "high": 1}, "KIND": {"choices": [None]}})

    def test_steps_are_kept_at_random_too(self):
        values = {"low": 10, "high": 20, "step": 5, "integer": True}
        drawn = {search.suggest({**DEFAULTS, "space": {"SIZE": values}}, [{}] * n)["SIZE"] for n in range(50)}
        self.assertEqual(drawn, {10, 15, 20})

    def test_points_are_averaged_over_their_trials(self):
        trials = [{"parameters": {"a": 1, "b": 2}, "score": 3}, {"parameters": {"b": 2, "a": 1}, "score": None}, {"parameters": {"a": 2}}]
        self.assertEqual(search.points(trials), [[{"a": 1, "b": 2}, [3], 2], [{"a": 2}, [], 1]])


if __name__ == "__main__":
    unittest.main()
