"""How the handlers of a plugin are found and called."""

import functools
import types
import unittest

from outrigger import hook, proceed
from outrigger._hooks import Handlers, collect


def marked(name):
    return hook(name)(lambda payload, ctx: name)


class FindsHandlers(unittest.TestCase):
    def test_by_mark_then_by_whole_name_then_by_last_part(self):
        class Guard:
            @hook("conda.pre_command")
            def whatever(self, payload): ...

            def on_pre_command(self, payload): ...

            def on_conda_post_command(self, payload): ...

            def on_my_catalog_started(self, payload): ...

        handlers = Handlers(Guard)
        asked = ("conda.pre_command", "coma.pre_command", "conda.post_command", "my-catalog.started")
        names = ["whatever", "on_pre_command", "on_conda_post_command", "on_my_catalog_started"]
        self.assertEqual([handlers.find(name).name for name in asked], names)
        self.assertIsNone(handlers.find("conda.on_exception"))

    def test_in_modules_but_not_what_they_import(self):
        module = types.ModuleType("plugin")
        exec("def on_a(payload): ...\ndef setup(ctx): ...\ndef helper(): ...", module.__dict__)
        module.on_b = FindsHandlers.test_in_modules_but_not_what_they_import
        module.guard = marked("x.guard")
        handlers = Handlers(module)
        self.assertEqual(handlers.names(), ["x.guard", "on_a"])
        self.assertIsNotNone(handlers.lifecycle("setup"))

    def test_in_objects_and_functions_together(self):
        class Counter:
            def __init__(self, count):
                self.count = count

            def on_count(self, payload):
                return self.count

        handlers = Handlers(Counter(7), marked("x.one"))
        self.assertEqual(handlers.find("x.count")({}, None), 7)
        self.assertEqual(handlers.find("x.one")({}, None), "x.one")

    def test_an_override_keeps_the_mark(self):
        class Base:
            @hook("x.one")
            def one(self, payload):
                return "base"

        class Derived(Base):
            def one(self, payload):
                return "derived"

        self.assertEqual(Handlers(Derived).find("x.one")({}, None), "derived")

    def test_one_function_may_handle_several_hooks(self):
        handlers = Handlers(hook("x.one", "x.two")(lambda payload: 1))
        self.assertIs(handlers.find("x.one"), handlers.find("x.two"))

    def test_refuses_two_handlers_of_one_hook_and_names_that_are_none(self):
        with self.assertRaisesRegex(ValueError, '"x.one" has two handlers'):
            Handlers(marked("x.one"), marked("x.one"))
        for wrong in ("pre_command", "Conda.pre_command", "", 3):
            with self.assertRaisesRegex(TypeError, 'named "catalog.hook"'):
                hook(wrong)
        with self.assertRaisesRegex(TypeError, "needs the name"):
            hook()
        with self.assertRaisesRegex(ValueError, "no handler"):
            collect((types.ModuleType("empty"),))


class CallsHandlers(unittest.TestCase):
    def called(self, function):
        return Handlers(hook("x.one")(function)).find("x.one")("payload", "context")

    def test_with_as_many_values_as_they_take(self):
        def bound(self, *values):
            return values

        class Callable:
            def __call__(self, payload):
                return payload

        self.assertEqual(self.called(lambda: "none"), "none")
        self.assertEqual(self.called(lambda payload: payload), "payload")
        self.assertEqual(self.called(lambda *values: values), ("payload", "context"))
        self.assertEqual(self.called(functools.partial(bound, 1)), ("payload", "context"))
        self.assertEqual(self.called(functools.partial(lambda given, payload: (given, payload), 1)), (1, "payload"))
        self.assertEqual(self.called(Callable()), "payload")

    def test_and_knows_which_are_async(self):
        async def asked(payload):
            return proceed()

        self.assertTrue(Handlers(hook("x.one")(asked)).find("x.one").is_async)
        self.assertTrue(Handlers(hook("x.one")(functools.partial(asked))).find("x.one").is_async)
        self.assertFalse(Handlers(marked("x.one")).find("x.one").is_async)
