// Answers each request with what the page has for its method, and writes down what it hears.
import { appendFileSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const answers = JSON.parse(readFileSync('answers.json', 'utf8'));
for await (const line of createInterface({ input: process.stdin })) {
  appendFileSync('heard.jsonl', `${line}\n`);
  const { id, method } = JSON.parse(line);
  if (id !== undefined) process.stdout.write(`${JSON.stringify({ ...answers[method], id })}\n`);
}
