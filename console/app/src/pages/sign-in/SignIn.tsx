// The page that takes a key, where the API asks for one; the address stays, and is opened with it.
import { Link } from '@tanstack/react-router';
import { useState, type SubmitEvent } from 'react';
import { signIn, useSession } from '../../api/session';
import { Button } from '../../kit/Button';
import { CheckField, TextField } from '../../kit/Field';
import { Page } from '../../kit/Page';
import style from './SignIn.module.css';

const REFUSED = 'The API does not know this key: it is mistyped, revoked or expired.';
const KEY = /^sg_[A-Za-z0-9]{12}_[A-Za-z0-9]{40}$/;

export function SignIn() {
  const [key, setKey] = useState('');
  const [forTab, setForTab] = useState(true);
  const { isRefused } = useSession();
  const [problem, setProblem] = useState(isRefused ? REFUSED : undefined);
  function submit(submission: SubmitEvent): void {
    submission.preventDefault();
    const given = key.trim();
    if (KEY.test(given)) signIn(given, forTab);
    else setProblem('A key begins with sg_ and has 56 characters. Copy it whole, as it was shown when it was made.');
  }
  return (
    <Page heading="Sign in">
      <form className={style.form} onSubmit={submit}>
        <p className={style.text}>This Stepgraph asks for a key.</p>
        <TextField
          label="Key"
          type="password"
          value={key}
          onChange={setKey}
          problem={problem}
          autoComplete="off"
          placeholder="sg_…"
          autoFocus
        />
        <CheckField label="Keep it until this tab is closed" isChecked={forTab} onChange={setForTab} />
        <Button kind="primary" type="submit">
          Sign in
        </Button>
        <p className={style.text}>
          Whoever runs Stepgraph makes one with <code>stepgraph keys create NAME --role viewer</code>.
        </p>
        <p className={style.text}>
          Without one you can{' '}
          <Link to="/executions/$id" params={{ id: 'file' }}>
            open an export
          </Link>{' '}
          of an execution.
        </p>
      </form>
    </Page>
  );
}
