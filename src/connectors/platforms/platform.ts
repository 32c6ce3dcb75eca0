// What every platform's folder answers: who may speak (verify), what was said (read), what the platform wants to hear
// (acknowledge), and how to ask it (api). A folder decides nothing and writes nothing: it turns the platform's words into the
// normal form below, and the rest is the same for all.
import type { EventType, Kind, OrderEvent, Payment } from '../../orders/index.js';
import type { CaseStatus, ReturnKind, ReturnRow } from '../../returns/index.js';
import type { PlatformHttp } from './platform-http.js';

/** Names by which a platform calls a sold thing. At least one is there. */
export interface SkuCode {
  /** What the merchant wrote as the SKU's own code. */
  readonly seller: string | null;
  /** The platform's id of the variant. */
  readonly platform: string | null;
  /** The platform's id of the listing (a link): it may sell several SKUs. */
  readonly link: string | null;
}

/**
 * Units of one line that were created, paid, cancelled, shipped or delivered, as a sum so far. A fact without id is about the
 * whole line; one with an id (a parcel, a refund) is about its own units. What was told before is not told again: only what a
 * sum grew by becomes an order event, so a snapshot may come twice, late, by webhook or by pull.
 */
export interface LineFact {
  readonly type: EventType;
  readonly id: string;
  readonly quantity: number;
  readonly at: number;
}

/** What the platform itself says of the broadcast that sold a line. */
export interface LiveClue {
  /** The platform's id of the live room or session; '' where it names the author alone. */
  readonly room: string;
  readonly author: string | null;
  /** Where it says so: on the order line, by the affiliate programme, or by what a shop's live app writes. */
  readonly method: 'order-line' | 'affiliate-order' | 'order-note';
}

export interface PlatformLine {
  readonly lineId: string;
  readonly code: SkuCode;
  /** Minor units of `currency`. */
  readonly unitPrice: number;
  readonly currency: string;
  readonly kind: Kind;
  readonly payment: Payment;
  readonly shipBy: number | null;
  readonly facts: readonly LineFact[];
  readonly live: LiveClue | null;
}

/** An order as the platform has it at `updatedAt`; all that was ever said of it, so an older one adds nothing. */
export interface PlatformOrder {
  readonly orderId: string;
  readonly updatedAt: number;
  /** The platform's own id of the buyer; hashed before it is stored. */
  readonly buyer: string | null;
  readonly lines: readonly PlatformLine[];
}

export interface PlatformReturnLine {
  /** Tells the lines of one return apart. */
  readonly id: string;
  readonly orderId: string;
  readonly lineId: string;
  readonly code: SkuCode;
  readonly quantity: number;
  /** Told by a refund: of a return that told of the same line itself it is the same goods. */
  readonly refund?: boolean;
}

/** A return or refund case as the platform has it at `updatedAt`. */
export interface PlatformReturn {
  readonly returnId: string;
  readonly updatedAt: number;
  readonly kind: ReturnKind;
  readonly status: CaseStatus;
  readonly claimedReason: string | null;
  readonly trackingNumber: string | null;
  readonly lines: readonly PlatformReturnLine[];
}

export type Entity = 'order' | 'return';

/** One thing that was heard from a platform, by webhook or by pull. */
export type Heard =
  | { readonly kind: 'order'; readonly order: PlatformOrder }
  /** An order event or return in our own words, with an identity of its own; the buyer as the shop names him. */
  | { readonly kind: 'event'; readonly event: OrderEvent }
  | { readonly kind: 'return-row'; readonly row: ReturnRow }
  | { readonly kind: 'return'; readonly case: PlatformReturn }
  /** Only the status of a return that was told of before. */
  | { readonly kind: 'return-status'; readonly returnId: string; readonly orderId: string; readonly status: CaseStatus; readonly at: number }
  /** Something about this entity changed: fetch it. */
  | { readonly kind: 'hint'; readonly entity: Entity; readonly id: string }
  /** Better knowledge of which broadcast sold lines of an order. */
  | { readonly kind: 'attribution'; readonly orderId: string; readonly code: SkuCode | null; readonly live: LiveClue }
  /** A known kind of message that says nothing of orders or returns. */
  | { readonly kind: 'nothing'; readonly about: string }
  /** A kind of message that nobody has listed. */
  | { readonly kind: 'unknown'; readonly about: string; readonly document: unknown }
  | { readonly kind: 'unreadable'; readonly entity: Entity | 'message'; readonly id: string; readonly reason: string; readonly document: unknown }
  /** The merchant took the permission away. */
  | { readonly kind: 'deauthorised' };

export interface RawWebhook {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The address the platform was told, without query: some sign it. */
  readonly url: string;
  readonly query: Readonly<Record<string, string | undefined>>;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType: string | null;
}

export type Credentials = Readonly<Record<string, string>>;

/** A shop's connection, as a platform's folder sees it. */
export interface ConnectedShop {
  readonly shop: string;
  readonly credentials: Credentials;
  readonly settings: Credentials;
  readonly timeZone: string;
  readonly currency: string;
}

export interface Field {
  readonly name: string;
  readonly secret: boolean;
  readonly required: boolean;
  readonly about: string;
  /** Made by us where nobody gives one, and shown once. */
  readonly generate?: () => string;
  /** What is wrong with a given value; undefined where it is right. */
  readonly fault?: (value: string) => string | undefined;
}

export interface Page {
  readonly heard: readonly Heard[];
  /** Where to go on; null after the last page. */
  readonly next: string | null;
  /** Ids of messages that the platform repeats until they are confirmed: `after` confirms them. */
  readonly receipts?: readonly string[];
}

export interface PlatformApi {
  /** A cheap call that proves the credentials; answers the account's name. */
  test(): Promise<string>;
  /** The entities as they are now; one that the platform does not know is left out. */
  fetch(entity: Entity, ids: readonly string[]): Promise<readonly Heard[]>;
  /** Entities per call of `fetch`. */
  readonly batch: number;
  /** What can be pulled, each with a cursor of its own; the name is part of the stored cursor. */
  readonly feeds: readonly string[];
  /** One page of what changed in [since, until), oldest first where the platform can. */
  changed(feed: string, since: Date, until: Date, page: string | null): Promise<Page>;
  /** Called once what the page said is stored, and not before: a message queue may forget it now. */
  after?(feed: string, page: Page): Promise<void>;
  /** Seconds between two pulls of a feed, where it is to be asked more often than the rest: a queue that replaces webhooks. */
  readonly pullSeconds?: Readonly<Record<string, number>>;
  /** Requests per second that the platform allows one shop. */
  readonly perSecond: number;
  /** Longest span that one pull may ask for, in hours. */
  readonly spanHours: number;
  /** Absent: it shows what a person tells it. */
  readonly stock?: PlatformStock;
}

/** A change of the units that a platform shows of one of its SKUs. */
export interface StockPush {
  /** The same for every try of one change: the platform counts it once. */
  readonly id: string;
  readonly code: string;
  /** The listing that the code belongs to, where the platform wants it. */
  readonly item: string | null;
  readonly change: number;
}

/** For platforms that take increments with an id of their own: tried again, one counts once. */
export interface PlatformStock {
  /** Throws PlatformRefused where it is not known, or refused, for this one. */
  push(push: StockPush): Promise<void>;
  /** What the platform shows now, by code. */
  read(codes: readonly { readonly code: string; readonly item: string | null }[]): Promise<ReadonlyMap<string, number>>;
}

export interface Webhooks {
  /** The credential that signs; its previous value is accepted for a while after it was changed. */
  readonly secret: string;
  /** Over raw bytes, in constant time. `now` in milliseconds. */
  verify(webhook: RawWebhook, credentials: Credentials, now: number): boolean;
  /** A probe that is sent when an address is registered: answered as the platform wants, writing nothing. */
  probe?(webhook: RawWebhook, credentials: Credentials): Answer | undefined;
  read(webhook: RawWebhook, shop: ConnectedShop): readonly Heard[];
  readonly acknowledged: Answer;
  readonly refused: Answer;
}

export interface Platform {
  readonly name: string;
  readonly title: string;
  readonly credentials: readonly Field[];
  readonly settings: readonly Field[];
  readonly webhooks: Webhooks | null;
  /** null: nothing can be asked of it; a credential that is not there makes it throw `MissingCredential`. */
  readonly api: ((shop: ConnectedShop, http: PlatformHttp) => PlatformApi) | null;
  /** New credentials from the old ones, where access is granted for a time. */
  readonly refresh?: (shop: ConnectedShop, http: PlatformHttp) => Promise<Credentials>;
  /** Fields of its messages whose texts may be kept in quarantine: ids, statuses, codes. Everything else is replaced. */
  readonly keep: ReadonlySet<string>;
}

export const EMPTY: (status: number) => Answer = (status) => ({ status, body: '', contentType: null });
export const JSON_ANSWER = (status: number, body: object): Answer => ({ status, body: JSON.stringify(body), contentType: 'application/json; charset=utf-8' });
