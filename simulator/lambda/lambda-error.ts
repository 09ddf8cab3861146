/** AWS's error names, with the status that each travels with. */
const statuses = {
  InvalidParameterValueException: 400,
  InvalidRequestContentException: 400,
  PreconditionFailedException: 412,
  RequestEntityTooLargeException: 413,
  RequestTooLargeException: 413,
  ResourceConflictException: 409,
  ResourceNotFoundException: 404,
  ServiceException: 500,
  TooManyRequestsException: 429,
  UnknownOperationException: 404,
} as const;

export type LambdaErrorName = keyof typeof statuses;

/** Spelt `Message` in AWS's model. */
const capitalised: readonly LambdaErrorName[] = ["ResourceNotFoundException", "ServiceException"];
/** Of what stands in front of every service of AWS's: these have a message only. */
const general: readonly LambdaErrorName[] = [
  "RequestEntityTooLargeException",
  "UnknownOperationException",
];

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

  /** The JSON body. */
  body(): object {
    if (general.includes(this.name)) return { message: this.message };
    return {
      Type: this.status >= 500 ? "Service" : "User",
      ...(capitalised.includes(this.name) ? { Message: this.message } : { message: this.message }),
      ...(this.reason === undefined ? {} : { Reason: this.reason }),
    };
  }
}
