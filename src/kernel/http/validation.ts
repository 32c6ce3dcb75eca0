import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { DomainError, type FieldFault } from '../errors.js';

function faults(errors: readonly ValidationError[], prefix = ''): FieldFault[] {
  return errors.flatMap((error) => {
    const field = /^\d+$/.test(error.property) ? `${prefix}[${error.property}]` : prefix === '' ? error.property : `${prefix}.${error.property}`;
    const own = Object.values(error.constraints ?? {}).slice(0, 1).map((detail) => ({ field, detail }));
    return [...own, ...faults(error.children ?? [], field)];
  });
}

/** Every fault of a body or query at once, each with its field; unknown properties of a body are refused by name. */
export const bodyValidation = (): ValidationPipe =>
  new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => {
      const list = faults(errors);
      return new DomainError(422, 'invalid', list[0] === undefined ? 'the body is not valid' : `${list[0].field}: ${list[0].detail}`, { errors: list });
    },
  });
