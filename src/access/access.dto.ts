import { Choice, Instant, Name, Names, Text } from '../kernel/index.js';
import { ROLES, type RoleName } from './principal.js';

export class NewApiKey {
  @Name() name!: string;
  @Choice(ROLES) role!: RoleName;
  @Name({ optional: true, description: 'the supplier that a factory key is bound to' }) supplier?: string;
  @Names({ optional: true, description: 'the anchors that an anchor or controller key is bound to' }) anchors?: string[];
  @Names({ optional: true, description: 'such as ingest:my-shop; ingest:* for every shop' }) scopes?: string[];
  @Instant({ optional: true }) expiresAt?: string;
}

export class NewUser {
  @Name() name!: string;
  @Choice(ROLES.filter((role) => role !== 'platform')) role!: RoleName;
  @Text({ min: 12, max: 200, description: 'at least 12 characters' }) password!: string;
  @Name({ optional: true }) supplier?: string;
  @Names({ optional: true }) anchors?: string[];
}

export class LogIn {
  @Text({ min: 1, max: 128 }) name!: string;
  @Text({ min: 1, max: 200 }) password!: string;
}
