/** One broken rule, as ajv reports it. */
export interface ValidationIssue {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Record<string, unknown>;
  readonly message?: string;
}

/** A compiled schema: true when the value fits, else `errors` says why until the next call. */
export interface Validator {
  (value: unknown): boolean;
  errors?: ValidationIssue[] | null;
}
