export declare function equal(a: unknown, b: unknown): boolean;
export declare function twins(items: readonly unknown[]): [number, number] | undefined;
export declare function ucs2length(text: string): number;
