// Our elements draw into the page itself (one style sheet, findable by tools and screen readers)
// and again whenever the store says that something changed.
import {LitElement} from 'lit';
import {store} from './store.ts';

export class Element extends LitElement {
  private readonly onStore = () => this.requestUpdate();

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    store.addEventListener('change', this.onStore);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    store.removeEventListener('change', this.onStore);
  }
}
