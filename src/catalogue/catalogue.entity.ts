import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

export type ShopClock = 'live' | 'replay';
export const STANDINGS = ['prevent', 'warn', 'normal', 'prefer'] as const;
export type Standing = (typeof STANDINGS)[number];
export type MoqScope = 'sku' | 'colour' | 'style';

@Entity('shops')
export class Shop {
  @PrimaryColumn('text') id!: string;
  @Column('text') platform!: string;
  @Column('text', { name: 'time_zone' }) timeZone!: string;
  @Column('text') currency!: string;
  /** live: now is the database's clock; replay: now is the latest occurred_at seen. Set when the shop is created. */
  @Column('text') clock!: ShopClock;
  /** A replay shop sends signals to factories only where this is set. */
  @Column('boolean', { name: 'send_signals', default: true }) sendSignals!: boolean;
  @Column('integer', { default: 1 }) version!: number;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
}

@Entity('suppliers')
export class Supplier {
  @PrimaryColumn('text') id!: string;
  @Column('text') name!: string;
  @Column('text', { name: 'time_zone' }) timeZone!: string;
  @Column('text', { name: 'webhook_url', nullable: true }) webhookUrl!: string | null;
  /** Sealed; the previous secret stays valid for a day after a rotation. */
  @Column('text', { name: 'webhook_secret', nullable: true }) webhookSecret!: string | null;
  @Column('text', { name: 'webhook_secret_previous', nullable: true }) webhookSecretPrevious!: string | null;
  @Column('timestamptz', { name: 'webhook_secret_rotated_at', nullable: true }) webhookSecretRotatedAt!: Date | null;
  /** Set when the endpoint answered 410 Gone; cleared by a new webhookUrl. */
  @Column('timestamptz', { name: 'webhook_disabled_at', nullable: true }) webhookDisabledAt!: Date | null;
  @Column('text', { default: 'normal' }) standing!: Standing;
  @Column('integer', { default: 1 }) version!: number;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
}

@Entity('styles')
export class Style {
  @PrimaryColumn('text') id!: string;
  @Column('text') category!: string;
}

@Entity('skus')
export class Sku {
  @PrimaryColumn('text') id!: string;
  @Column('text') style!: string;
  @Column('text') colour!: string;
  @Column('text') size!: string;
  /** Minor units of `currency`. */
  @Column('bigint') price!: number;
  @Column('text') currency!: string;
  /** This size's share in the style-colour's ratio; 0 where none was given. */
  @Column('integer', { name: 'size_ratio', default: 0 }) sizeRatio!: number;
}

@Entity('sourcing')
export class Sourcing {
  @PrimaryColumn('text') sku!: string;
  @PrimaryColumn('text') supplier!: string;
  @Column('integer', { default: 1 }) rank!: number;
  @Column('bigint', { name: 'unit_cost' }) unitCost!: number;
  @Column('text', { name: 'cost_currency' }) costCurrency!: string;
  @Column('bigint', { name: 'salvage_value' }) salvageValue!: number;
  @Column('integer') moq!: number;
  @Column('integer', { name: 'lot_multiple' }) lotMultiple!: number;
  @Column('text', { name: 'moq_scope', default: 'sku' }) moqScope!: MoqScope;
  @Column('integer', { name: 'lead_time_days' }) leadTimeDays!: number;
  @Column('integer', { name: 'daily_capacity' }) dailyCapacity!: number;
  @Column('integer', { name: 'frozen_fence_days', default: 0 }) frozenFenceDays!: number;
  /** The supplier's local hour (0 to 23) at which somebody with authority answers; null: firm at once. */
  @Column('integer', { name: 'confirming_hour', nullable: true }) confirmingHour!: number | null;
  @Column('integer', { name: 'trial_quantity', nullable: true }) trialQuantity!: number | null;
  @Column('integer', { name: 'reorder_premium_bp', default: 0 }) reorderPremiumBp!: number;
  /** Days after confirmation at which each stage begins, such as {"cut": 2, "sewn": 4}. */
  @Column('jsonb', { name: 'stage_days', default: {} }) stageDays!: Record<string, number>;
}
