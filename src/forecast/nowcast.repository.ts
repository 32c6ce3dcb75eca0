import type { Tx } from '../kernel/index.js';
import { one, touched } from '../kernel/database/sql.js';
import type { NowcastModel } from './math/index.js';

type World = 'live' | 'replay';

/** The name of the model that is in force; a few bytes, because every assessment asks. */
export const latestModel = (tx: Tx, world: World): Promise<{ id: string; ended_at: Date; learned_lately: boolean } | undefined> =>
  one(tx, `select id, ended_at, learned_at > clock_timestamp() - interval '1 minute' as learned_lately from nowcast_models where world = $1 order by learned_at desc limit 1`, [world]);

export const findModel = (tx: Tx, id: string): Promise<{ model: NowcastModel } | undefined> => one(tx, 'select model from nowcast_models where id = $1', [id]);

export const insertModel = (tx: Tx, m: { id: string; world: World; endedAt: Date; model: NowcastModel }): Promise<number> =>
  touched(tx, 'insert into nowcast_models (id, world, ended_at, broadcasts, items, model) values ($1, $2, $3, $4, $5, $6)', [m.id, m.world, m.endedAt, m.model.broadcasts, m.model.items, JSON.stringify(m.model)]);

/** Assessments name their model; the latest ones are kept for who asks why. */
export const forgetModels = (tx: Tx, world: World, kept: number): Promise<number> =>
  touched(tx, 'delete from nowcast_models where world = $1 and id not in (select id from nowcast_models where world = $1 order by learned_at desc limit $2)', [world, kept]);
