import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the overview asks for every few seconds is a handful of rows of tables that only grow. */
export class OverviewIndexes1763804010000 implements MigrationInterface {
  name = 'OverviewIndexes1763804010000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create index spikes_on on spikes (detected_at) where ended_at is null;
      -- A stream's time changes only where it turns dirty, which moves its row in stream_totals_dirty anyway: no update in place is lost.
      create index stream_totals_by_since on stream_totals (since);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index stream_totals_by_since; drop index spikes_on');
  }
}
