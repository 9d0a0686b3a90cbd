import {html, type TemplateResult} from 'lit';
import {severityMark} from './shapes.ts';
import {store} from './store.ts';
import {ago, clock, day, holding, kindWord, sameDay, severityWord} from './text.ts';
import {shown, type Alert} from './types.ts';

/** One alert in a list: read from three metres, so few words and big ones. */
export function alertRow(alert: Alert, now: Date, options: {selected: boolean; fresh: boolean}): TemplateResult {
  const event = shown(alert);
  const opened = new Date(alert.opened);
  const zone = (event.zone ?? []).join(', ');
  const open = alert.state === 'open';
  // Of one that nobody has touched all are new: what counts then is how many beside the first.
  const isTouched = alert.events.new < alert.events.count;
  const more = isTouched ? alert.events.new : alert.events.count - 1;
  return html`<div class="row ${alert.severity} ${alert.state} ${options.fresh ? 'fresh' : ''}"
      role="option" id=${'alert-' + alert.alert} data-id=${alert.alert} aria-selected=${options.selected}>
    <div class="sev">${severityMark(alert.severity, open)}<span>${severityWord[alert.severity]}</span></div>
    <div class="time"><time datetime=${alert.opened}>${sameDay(opened, now) ? clock(opened) : clock(opened, false)}</time>
      <small>${sameDay(opened, now) ? ago(alert.opened, now) : day(opened)}</small></div>
    <div class="what">
      <div class="place"><strong>${store.cameraName(alert)}</strong>
        ${more > 0 ? html`<span class="more" title=${isTouched ? 'new since somebody last saw to it' : 'happenings of the same cause'}>+${more}</span>` : ''}</div>
      <div class="where">${kindWord(alert.kind)}${zone ? html` · <b>${zone}</b>` : ''} · ${store.areaName(alert.area)} <i>${store.areaAbove(alert.area)}</i></div>
      <div class="act">${alert.action ?? ''}</div>
    </div>
    <div class="hold"><span class="chip ${alert.state}">${open ? '' : html`<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 8.5l3.2 3.2L13 5"></path></svg>`}${holding(alert)}</span>
      <span class="still ${alert.active ? '' : 'over'}">${alert.active ? 'ongoing' : 'over'}</span></div>
    <vd-snapshot .media=${alert.media.snapshot} .boxes=${[]} alt=""></vd-snapshot>
  </div>`;
}
