import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('anchors')
export class Anchor {
  @PrimaryColumn('text') id!: string;
  @Column('text') name!: string;
}

@Entity('broadcasts')
export class Broadcast {
  @PrimaryColumn('text') id!: string;
  @Column('text') anchor!: string;
  @Column('text') shop!: string;
  @Column('timestamptz', { name: 'starts_at' }) startsAt!: Date;
  @Column('timestamptz', { name: 'ends_at' }) endsAt!: Date;
  @Column('timestamptz', { name: 'cancelled_at', nullable: true }) cancelledAt!: Date | null;
  @Column('integer', { default: 1 }) version!: number;
  /** Moves with what the live log says of showings; no edit, so it is not the version that an edit must name. */
  @Column('integer', { name: 'log_version', default: 0 }) logVersion!: number;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
}

/** Of line-up and live log together: what is known of the slots may have changed where this did. */
export const planVersion = (b: Pick<Broadcast, 'version' | 'logVersion'>): number => b.version + b.logVersion;

@Entity('line_up_items')
export class LineUpItem {
  @PrimaryColumn('text') broadcast!: string;
  @PrimaryColumn('integer') position!: number;
  @Column('text') sku!: string;
  @Column('text', { nullable: true }) link!: string | null;
  @Column('timestamptz', { name: 'slot_at' }) slotAt!: Date;
  /** Minor units of the shop's currency. */
  @Column('bigint') price!: number;
  @Column('integer', { name: 'planned_units' }) plannedUnits!: number;
  @Column('integer', { name: 'promise_days' }) promiseDays!: number;
}

@Entity('links')
export class Link {
  @PrimaryColumn('text') shop!: string;
  @PrimaryColumn('text') id!: string;
  /** All of its SKUs are in each unit; otherwise they are variants. */
  @Column('boolean', { default: false }) bundle!: boolean;
}

@Entity('link_components')
export class LinkComponent {
  @PrimaryColumn('text') shop!: string;
  @PrimaryColumn('text') link!: string;
  @PrimaryColumn('text') sku!: string;
  @Column('integer') quantity!: number;
  /** Of a bundle: the first is the SKU that carries the price. */
  @Column('integer', { default: 1 }) position!: number;
}
