import {html} from 'lit';
import {ApiError} from './api.ts';
import {Element} from './element.ts';
import {openSound} from './sound.ts';
import {store} from './store.ts';
import {span} from './text.ts';

export class SignIn extends Element {
  static override properties = {error: {state: true}, busy: {state: true}};
  declare error: {message: string; advice: string} | null;
  declare busy: boolean;

  constructor() {
    super();
    this.error = null;
    this.busy = false;
  }

  protected override firstUpdated(): void {
    this.querySelector('input')?.focus();
  }

  private async submit(e: SubmitEvent): Promise<void> {
    e.preventDefault();
    const form = e.target as HTMLFormElement;
    const data = new FormData(form);
    void openSound();
    this.busy = true;
    this.error = null;
    try {
      await store.signIn(String(data.get('name')).trim(), String(data.get('password')));
    } catch (problem) {
      const p = problem as ApiError;
      this.error = {message: p.message, advice: p.retryAfter ? `Try again in ${span(p.retryAfter * 1000)}.` : p.advice};
      (form.elements.namedItem('password') as HTMLInputElement).select();
    }
    this.busy = false;
  }

  protected override render() {
    return html`<main class="sign-in">
      <form @submit=${this.submit} aria-describedby="sign-in-error">
        <h1><img src="/favicon.svg" alt="" width="40" height="40">Vedette</h1>
        ${store.wasSignedIn && this.error === null
          ? html`<p class="hint">You are signed out. Sign in to go on watching.</p>` : ''}
        <label>Name<input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="127" required></label>
        <label>Password<input name="password" type="password" autocomplete="current-password" maxlength="256" required></label>
        <div id="sign-in-error" role="alert">${this.error
          ? html`<p class="problem"><strong>${this.error.message}</strong> ${this.error.advice}</p>` : ''}</div>
        <button class="primary" ?disabled=${this.busy}>${this.busy ? 'Signing in…' : 'Sign in'}</button>
      </form>
    </main>`;
  }
}
customElements.define('vd-sign-in', SignIn);
