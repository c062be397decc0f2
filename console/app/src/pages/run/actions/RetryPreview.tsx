// What a retry would do: how many steps it keeps and runs, what to think of, and each step with the reason.
import { FailureLine } from '../../../kit/Notes';
import { planSentence, planWarnings, reasonOf, type PlannedStep } from './retry';
import type { FoundPlan } from './usePlan';
import style from './Actions.module.css';

const WORDS: Readonly<Record<PlannedStep['action'], string>> = {
  KEEP: 'kept',
  CONTINUE: 'goes on',
  RUN: 'runs',
  DROP: 'dropped',
};

export function RetryPreview({ found }: { readonly found: FoundPlan | undefined }) {
  const plan = found?.plan;
  return (
    <section className={style.plan} aria-label="What the retry would do">
      <p role="status">{plan === undefined ? found === undefined && 'Working out what is kept …' : planSentence(plan)}</p>
      {found?.failure !== undefined && <FailureLine failure={found.failure} />}
      {plan !== undefined && (
        <>
          {planWarnings(plan).map((warning) => (
            <p key={warning} className={style.warning}>
              {warning}
            </p>
          ))}
          <ul className={style.steps} aria-label="Steps of the retry" tabIndex={0}>
            {plan.steps.nodes.map((step) => (
              <li key={step.path} className={style.step}>
                <span className={style.what}>{WORDS[step.action]}</span>
                <code>{step.path}</code>
                <span className={style.why}>
                  {reasonOf(step)}
                  {step.repeats && ' · may call twice'}
                  {step.restsOnOldInput && ' · may rest on the old input'}
                </span>
              </li>
            ))}
          </ul>
          {plan.steps.pageInfo.hasNextPage && <p className={style.text}>The first 100 are shown.</p>}
        </>
      )}
    </section>
  );
}
