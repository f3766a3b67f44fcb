"""What personal data looks like, and what is put in its place."""

import hashlib
import hmac
import re
import secrets
import threading
from fnmatch import fnmatchcase

# Earlier ones win where two find the same text. None of them backtracks over more than a few characters.
PATTERNS = {
    "email": r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+",
    "iban": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b",
    "aws_key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "api_key": r"(?i)\b(?:api[_-]?key|access[_-]?token)\b[\"']?\s{0,3}[:=]\s{0,3}[\"']?[A-Za-z0-9_\-]{16,128}",
    "ssn": r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)",
    "credit_card": r"(?<!\d)(?:\d{16}|\d{4}([ -])\d{4}\1\d{4}\1\d{4})(?!\d)",
    "date_of_birth": r"(?i)\b(?:dob|born(?: on)?|date of birth|birth date)\b[:\s]{1,3}\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b",
    "passport": r"(?i)\bpassport(?: (?:no|number))?[.:#\s]{1,3}[A-Z]{0,2}\d{6,9}\b",
    "driver_license": r"(?i)\bdriver'?s? licen[sc]e(?: (?:no|number))?[.:#\s]{1,3}[A-Z]{0,2}\d{5,12}\b",
    "bank_account": r"(?i)\b(?:bank )?account(?: (?:no|number))?[.:#\s]{1,3}\d{8,17}\b",
    "medical_record": r"(?i)\b(?:mrn|medical record(?: (?:no|number))?)[.:#\s]{1,3}[A-Z0-9]{6,12}\b",
    "ip_address": r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])",
    "phone": r"(?<![\w+-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])",
}
COMPILED = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}
# Equal values get equal hashes while this process lives, and nobody can find a value by hashing all there are.
KEY = secrets.token_bytes(32)
MOST_TOKENS = 10_000


class Redactor:
    """Masks texts as the configuration says."""

    def __init__(self, config):
        self.names = [name for name in PATTERNS if name in config["detectors"]]
        self.allowed = [glob.lower() for glob in config["allow"]]
        self.marker = config["marker"]
        self.mask = getattr(self, config["mask"])

    def mask_text(self, text, found):
        """The text without personal data; `found` counts what there was, by detector."""
        for name in self.names:

            def masked(match, name=name):
                value = match[0]
                if any(fnmatchcase(value.lower(), glob) for glob in self.allowed):
                    return value
                found[name] = found.get(name, 0) + 1
                return self.mask(name, value)

            text = COMPILED[name].sub(masked, text)
        return text

    def redact(self, _name, _value):
        return self.marker

    def partial(self, _name, value):
        shown = len(value) - 4 if len(value) > 8 else len(value)
        return re.sub(r"[^\W_]", "*", value[:shown]) + value[shown:]

    def hash(self, name, value):
        return f"[{name}:{digest(value)[:12]}]"

    def tokenize(self, name, value):
        return f"[{name}-{TOKENS.number(name, value)}]"

    def remove(self, _name, _value):
        return ""


def digest(value):
    return hmac.new(KEY, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


class Tokens:
    """Numbers values of each detector; the values themselves are not kept. Past a bound all new ones share number 0."""

    def __init__(self):
        self.numbers = {}
        self.lock = threading.Lock()

    def number(self, name, value):
        with self.lock:
            numbers = self.numbers.setdefault(name, {})
            full = len(numbers) >= MOST_TOKENS
            return numbers.get(digest(value), 0) if full else numbers.setdefault(digest(value), len(numbers) + 1)


TOKENS = Tokens()
