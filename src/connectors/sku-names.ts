// Which of our SKUs a platform's code or link stands for. A mapping that a person made comes first, then a seller's code that is
// one of our SKUs, then a link of a line-up that is one SKU or a bundle; what none of them knows waits in quarantine, with suggestions.
import { Inject, Injectable } from '@nestjs/common';
import { AccessService, type Principal } from '../access/index.js';
import { linkComponents } from '../broadcasts/index.js';
import { allSkus, CatalogueService, existingSkus } from '../catalogue/index.js';
import { DomainError, invalid, type Tx } from '../kernel/index.js';
import type { SkuCode } from './platforms/platform.js';
import * as store from './sku-names.repository.js';
import { namedSkus, resembling, type Suggestion } from './sku-names.rules.js';
import type { Component } from './told.rules.js';

const SUGGESTED_SKUS = 20_000;

const codesOf = (code: SkuCode): string[] => [code.platform, code.seller, code.link].filter((c) => c !== null);

@Injectable()
export class SkuNames {
  constructor(
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
  ) {}

  /** The components of each code, in the order given; undefined where nobody knows it. */
  async resolve(tx: Tx, shop: string, codes: readonly SkuCode[]): Promise<(readonly Component[] | undefined)[]> {
    if (codes.length === 0) return [];
    const all = [...new Set(codes.flatMap(codesOf))];
    const sellers = [...new Set(codes.map((c) => c.seller).filter((c) => c !== null))];
    const links = [...new Set(codes.map((c) => c.link).filter((c) => c !== null))];
    const mapped = new Map<string, Component[]>();
    for (const m of await store.mappingsOf(tx, shop, all)) mapped.set(m.code, [...(mapped.get(m.code) ?? []), { sku: m.sku, quantity: m.quantity }]);
    const ours = await existingSkus(tx, sellers);
    const linked = new Map<string, Component[]>();
    const told = links.length === 0 ? [] : await linkComponents(tx, shop, links);
    for (const c of told) linked.set(c.link, [...(linked.get(c.link) ?? []), { sku: c.sku, quantity: c.quantity }]);
    // Which of its variants was sold a link does not say.
    for (const c of told) if (!c.bundle && (linked.get(c.link)?.length ?? 0) > 1) linked.delete(c.link);
    return codes.map((code) => {
      const own = mapped.get(code.platform ?? '') ?? mapped.get(code.seller ?? '');
      if (own !== undefined) return own;
      if (code.seller !== null && ours.has(code.seller)) return [{ sku: code.seller, quantity: 1 }];
      return mapped.get(code.link ?? '') ?? linked.get(code.link ?? '');
    });
  }

  /** Notes the best name of a code that nobody knows: the seller's, else the platform's, else the link. */
  async note(tx: Tx, shop: string, codes: readonly SkuCode[]): Promise<void> {
    const named = codes.flatMap((c): { code: string; kind: 'seller' | 'platform' | 'link' }[] =>
      c.seller !== null ? [{ code: c.seller, kind: 'seller' }] : c.platform !== null ? [{ code: c.platform, kind: 'platform' }] : c.link !== null ? [{ code: c.link, kind: 'link' }] : []);
    if (named.length > 0) await store.noteUnmapped(tx, shop, named);
  }

  async map(tx: Tx, actor: Principal, shop: string, code: string, components: readonly Component[]): Promise<void> {
    await this.catalogue.shop(shop, tx);
    if (new Set(components.map((c) => c.sku)).size < components.length) throw invalid('components', 'name one SKU twice');
    const known = await existingSkus(tx, components.map((c) => c.sku));
    const stranger = components.find((c) => !known.has(c.sku));
    if (stranger !== undefined) throw new DomainError(422, 'unknown-sku', `components: the SKU ${stranger.sku} does not exist`, { errors: [{ field: 'components', detail: `the SKU ${stranger.sku} does not exist` }] });
    const before = await store.mappingsOf(tx, shop, [code]);
    await store.replaceMapping(tx, shop, code, components);
    await this.access.audit(tx, actor, 'sku-mapping.changed', `${shop}/${code}`, before, components);
  }

  /** For each unmapped code the SKUs it most resembles; nothing is mapped by itself. The first fifty: more is not looked at by a person at once. */
  async suggest(tx: Tx, codes: readonly string[]): Promise<(code: string) => readonly Suggestion[]> {
    const skus = codes.length === 0 ? [] : namedSkus(await allSkus(tx, SUGGESTED_SKUS));
    const asked = new Set(codes.slice(0, 50));
    return (code) => (asked.has(code) ? resembling(code, skus) : []);
  }
}
