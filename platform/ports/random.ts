export interface Random {
  /** A fresh identifier of 21 URL-safe characters. */
  id(): string;
  /** Uniform in [0, 1). */
  uniform(): number;
}
