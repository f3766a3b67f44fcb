"""What a handler sees of its cancellation."""

import unittest

from outrigger._signal import Signal


class SignalTest(unittest.TestCase):
    def test_shows_whether_it_is_set_and_why(self):
        signal = Signal(60_000)
        self.assertRegex(repr(signal), r"^<Signal not set, (59\d\d\d|60000) ms left>$")
        signal.cancel("The host is gone")
        self.assertEqual(f"{signal}", "<Signal set: The host is gone>")
        self.assertEqual(repr(Signal(0)), "<Signal set: The deadline of the call is over>")


if __name__ == "__main__":
    unittest.main()
