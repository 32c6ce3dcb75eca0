// Field decorators for request bodies: validation (class-validator) and the OpenAPI description in one word, so that they
// cannot disagree.
import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min, MinLength, Validate, ValidateNested,
  ValidatorConstraint, type ValidationArguments, type ValidatorConstraintInterface,
} from 'class-validator';
import { NAME, parseInstant } from './forms.js';

export { NAME, parseInstant };


export interface FieldOptions {
  readonly optional?: boolean;
  /** null is a value of its own: it clears the field. */
  readonly nullable?: boolean;
  readonly description?: string;
}

const described = (options: FieldOptions, schema: Record<string, unknown>): PropertyDecorator =>
  ApiProperty({
    ...schema,
    required: options.optional !== true,
    ...(options.nullable === true ? { nullable: true } : {}),
    ...(options.description === undefined ? {} : { description: options.description }),
  });

const presence = (options: FieldOptions): PropertyDecorator[] => (options.optional === true || options.nullable === true ? [IsOptional()] : []);


export const Name = (options: FieldOptions = {}): PropertyDecorator =>
  applyDecorators(
    described(options, { type: 'string', minLength: 1, maxLength: 128 }),
    ...presence(options),
    IsString({ message: '$property must be a text' }),
    MinLength(1, { message: '$property must not be empty' }),
    MaxLength(128, { message: '$property must have at most 128 characters' }),
    Matches(NAME, { message: '$property must be a name without control characters' }),
  );

export const Text = (options: FieldOptions & { min?: number; max?: number } = {}): PropertyDecorator =>
  applyDecorators(
    described(options, { type: 'string', minLength: options.min ?? 0, maxLength: options.max ?? 500 }),
    ...presence(options),
    IsString({ message: '$property must be a text' }),
    MinLength(options.min ?? 0, { message: `$property must have at least ${options.min ?? 0} characters` }),
    MaxLength(options.max ?? 500, { message: `$property must have at most ${options.max ?? 500} characters` }),
  );

export const Whole = (options: FieldOptions & { min?: number; max?: number } = {}): PropertyDecorator => {
  const min = options.min ?? 0;
  const max = options.max ?? Number.MAX_SAFE_INTEGER;
  return applyDecorators(
    described(options, { type: 'integer', minimum: min, maximum: max }),
    ...presence(options),
    IsInt({ message: `$property must be a whole number from ${min} to ${max}` }),
    Min(min, { message: `$property must be at least ${min}` }),
    Max(max, { message: `$property must be at most ${max}` }),
  );
};

export const Choice = (values: readonly string[], options: FieldOptions = {}): PropertyDecorator =>
  applyDecorators(
    described(options, { type: 'string', enum: [...values] }),
    ...presence(options),
    IsIn(values as string[], { message: `$property must be one of ${values.join(', ')}` }),
  );

export const Flag = (options: FieldOptions = {}): PropertyDecorator =>
  applyDecorators(described(options, { type: 'boolean' }), ...presence(options), IsBoolean({ message: '$property must be true or false' }));

@ValidatorConstraint({ name: 'instant' })
class InstantConstraint implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && parseInstant(value) !== undefined;
  }
  defaultMessage(args: ValidationArguments): string {
    return `${args.property} must be a time as in RFC 3339 with an offset, such as 2026-11-22T20:15:03+08:00`;
  }
}

export const Instant = (options: FieldOptions = {}): PropertyDecorator =>
  applyDecorators(described(options, { type: 'string', format: 'date-time' }), ...presence(options), Validate(InstantConstraint));

export const isDate = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && parseInstant(`${text}T00:00:00Z`) !== undefined;

@ValidatorConstraint({ name: 'calendarDate' })
class DateConstraint implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && isDate(value);
  }
  defaultMessage(args: ValidationArguments): string {
    return `${args.property} must be a date such as 2026-11-27`;
  }
}

export const CalendarDate = (options: FieldOptions = {}): PropertyDecorator =>
  applyDecorators(described(options, { type: 'string', format: 'date' }), ...presence(options), Validate(DateConstraint));

export const isTimeZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
};

@ValidatorConstraint({ name: 'timeZone' })
class TimeZoneConstraint implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && isTimeZone(value);
  }
  defaultMessage(args: ValidationArguments): string {
    return `${args.property} must be an IANA time zone such as Asia/Shanghai`;
  }
}

export const TimeZone = (options: FieldOptions = {}): PropertyDecorator =>
  applyDecorators(described(options, { type: 'string' }), ...presence(options), Validate(TimeZoneConstraint));

export const Currency = (options: FieldOptions = {}): PropertyDecorator =>
  applyDecorators(
    described(options, { type: 'string', pattern: '^[A-Z]{3}$' }),
    ...presence(options),
    Matches(/^[A-Z]{3}$/, { message: '$property must be an ISO 4217 code such as CNY' }),
  );

export const Rows = (type: () => new () => object, options: FieldOptions & { min?: number; max?: number } = {}): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ type: () => [type()] as never, required: options.optional !== true, maxItems: options.max ?? 500 }),
    ...presence(options),
    IsArray({ message: '$property must be a list' }),
    ArrayMinSize(options.min ?? 0, { message: `$property must have at least ${options.min ?? 0} rows` }),
    ArrayMaxSize(options.max ?? 500, { message: `$property must have at most ${options.max ?? 500} rows` }),
    ValidateNested({ each: true }),
    Type(type),
  );

export const Names = (options: FieldOptions & { max?: number } = {}): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ type: [String], required: options.optional !== true, maxItems: options.max ?? 50 }),
    ...presence(options),
    IsArray({ message: '$property must be a list' }),
    ArrayMaxSize(options.max ?? 50, { message: `$property must have at most ${options.max ?? 50} entries` }),
    IsString({ each: true, message: '$property must hold texts' }),
    MaxLength(128, { each: true, message: '$property must hold texts of at most 128 characters' }),
    Matches(NAME, { each: true, message: '$property must hold names without control characters' }),
  );
