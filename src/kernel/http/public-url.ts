/** Where the service is reached from outside: PUBLIC_URL, or the address it listens on once it does. */
export class PublicUrl {
  constructor(public value: string) {}
}
