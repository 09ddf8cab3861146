/** AWS's error names, with the status that each travels with. */
const statuses = {
  InvalidParameterValueException: 400,
  InvalidRequestContentException: 400,
  ResourceNotFoundException: 404,
  UnknownOperationException: 404,
  ResourceConflictException: 409,
  PreconditionFailedException: 412,
  RequestTooLargeException: 413,
  TooManyRequestsException: 429,
  ServiceException: 500,
} as const;

export type LambdaErrorName = keyof typeof statuses;

/** A refusal of the control API, as AWS words it. */
export class LambdaError extends Error {
  readonly status: number;

  constructor(
    override readonly name: LambdaErrorName,
    message: string,
    /** AWS's `Reason`: which of several limits was met. */
    readonly reason?: string,
  ) {
    super(message);
    this.status = statuses[name];
  }

  /** The JSON body; in AWS's model two of the errors spell `Message` with a capital. */
  body(): object {
    const type = this.status >= 500 ? "Service" : "User";
    const capital = this.name === "ResourceNotFoundException" || this.name === "ServiceException";
    return {
      Type: type,
      ...(capital ? { Message: this.message } : { message: this.message }),
      ...(this.reason === undefined ? {} : { Reason: this.reason }),
    };
  }
}
