/** A refusal of what stands in front of every service of AWS's, by the name that AWS has for it. */
export class SignatureError extends Error {
  constructor(
    override readonly name:
      | "IncompleteSignatureException"
      | "InvalidSignatureException"
      | "MissingAuthenticationTokenException"
      | "UnrecognizedClientException",
    message: string,
  ) {
    super(message);
  }
}
