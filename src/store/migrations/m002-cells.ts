/** The grid as a view: what all sealed runs say of one finding on one model. A run that is not sealed is nowhere in it. */
export const m002Cells = {
  name: 'm002_cells',
  up: `
CREATE VIEW cell AS
WITH counted AS (
  SELECT finding, model, verdict, count(*) AS agreeing, max(ended_at || ' ' || run) AS last
  FROM run WHERE state = 'sealed' GROUP BY finding, model, verdict
), ranked AS (
  SELECT *,
    row_number() OVER (PARTITION BY finding, model ORDER BY agreeing DESC, last DESC) AS place,
    sum(agreeing) OVER (PARTITION BY finding, model) AS runs,
    max(last) OVER (PARTITION BY finding, model) AS newest,
    json_group_object(verdict, agreeing) OVER (PARTITION BY finding, model) AS verdicts
  FROM counted
)
SELECT finding, model, verdict, runs, agreeing, verdicts, substr(newest, instr(newest, ' ') + 1) AS latest
FROM ranked WHERE place = 1 ORDER BY finding, model;
`,
};
