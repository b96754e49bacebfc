/** Measures the behaviour on the search half. Below the gate there is nothing to search for. */
import type { JsonObject } from '../../src/contract/index.ts';
import { measure } from '../../src/expression/index.ts';
import { ACT, gateAct } from '../acts.ts';
import type { AgentPorts } from '../ports.ts';
import type { Node } from '../state.ts';
import { giveUp } from './give-up.ts';

export const gate =
  (ports: AgentPorts): Node =>
  async () => {
    const { view, seed, tools, recorder } = ports;
    const scope = { values: {}, run: { seed }, behaviour: { tasks: [...view.behaviour.tasks] } };
    const { values, unmeasured } = await measure(view.gate.measure, scope, ({ item, input }) =>
      tools.call(gateAct(item.name), item.tool, input as JsonObject, {
        serves: item.serves,
        because: 'gate of the protocol',
      }),
    );
    const result = ports.judgeGate(values, unmeasured);
    recorder.record(ACT.gate, { kind: 'gate', phase: 'search', result });
    if (result.status === 'unmeasured') return giveUp(ports, `the gate could not be measured: ${result.note}`);
    return { done: result.status === 'fail' ? 'below-gate' : null };
  };
