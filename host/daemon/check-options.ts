import { didYouMean } from '../protocol/did-you-mean.ts';
import { type ErrorCode, HostError } from '../protocol/errors.ts';
import type { HostOptions } from './types.ts';

type Rule = readonly [fits: (value: unknown) => boolean, right: string, code?: ErrorCode];

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): boolean => typeof value === 'string';
const isFlag = (value: unknown): boolean => typeof value === 'boolean';
const isFunction = (value: unknown): boolean => typeof value === 'function';
const isListOf = (fits: (item: unknown) => boolean) => (value: unknown) => Array.isArray(value) && value.every(fits);
const isLogger = (value: unknown): boolean =>
  ['debug', 'info', 'warn', 'error'].every((level) => isFunction((value as Record<string, unknown>)?.[level]));

const RULES: { readonly [K in keyof Required<HostOptions>]: Rule } = {
  config: [(value) => isText(value) || isObject(value) || value === false, 'the path of a file, an object, or false'],
  cwd: [isText, 'the path of a folder'],
  env: [isObject, 'an object of variables'],
  catalogs: [isListOf(isObject), 'a list of catalogs', 'CATALOG_INVALID'],
  catalogNames: [isListOf(isText), 'a list of names of catalogs', 'CATALOG_INVALID'],
  services: [isObject, 'an object of functions'],
  secrets: [isFunction, 'a function'],
  onPermissionRequest: [isFunction, 'a function'],
  noPlugins: [isFlag, 'true or false'],
  without: [isListOf(isText), 'a list of plugin names'],
  frozen: [isFlag, 'true or false'],
  lockFile: [isText, 'the path of a file'],
  journal: [isFlag, 'true or false'],
  startEager: [isFlag, 'true or false'],
  inspectPlugin: [isText, 'the name of a plugin'],
  log: [isLogger, 'an object with the methods debug, info, warn and error'],
  onTrace: [isFunction, 'a function'],
  traceCapacity: [
    (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 1_000_000,
    'a whole number from 0 to 1000000',
  ],
};

/** Programs in plain JavaScript have no compiler to tell them. Throws CONFIG_INVALID or CATALOG_INVALID. */
export function checkOptions(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(RULES, name)) {
      throw new HostError('CONFIG_INVALID', `Cannot create a host: it has no option "${name}"${didYouMean(name, Object.keys(RULES))}`);
    }
    const [fits, right, code] = RULES[name as keyof HostOptions];
    if (value !== undefined && !fits(value))
      throw new HostError(code ?? 'CONFIG_INVALID', `Cannot create a host: "${name}" must be ${right}`);
  }
}
