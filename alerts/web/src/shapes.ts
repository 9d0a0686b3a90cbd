// Severity and camera states as shapes: whoever can't tell the colours tells the forms.
import {html, svg, type TemplateResult} from 'lit';
import type {Severity} from './types.ts';
import {severityWord, type CameraLevel} from './text.ts';

const severityShape: Record<Severity, string> = {
  red: 'M8.3 1.5h7.4L21 6.8v7.4l-5.3 5.3H8.3L3 14.2V6.8z',
  yellow: 'M12 1.8L22 19.5H2z',
  green: 'M12 2.2a8.3 8.3 0 1 0 0 16.6a8.3 8.3 0 1 0 0-16.6z',
};

export function severityMark(severity: Severity, filled: boolean): TemplateResult {
  return html`<svg class="mark ${severity} ${filled ? 'filled' : 'hollow'}" viewBox="0 0 24 21"
    role="img" aria-label=${severityWord[severity]}>${svg`<path d=${severityShape[severity]}></path>`}
    ${filled && severity === 'red' ? svg`<path class="bang" d="M12 5.5v6.5M12 15.2v.4"></path>` : ''}</svg>`;
}

const cameraShape: Record<CameraLevel, string> = {
  good: 'M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16z',
  wait: 'M12 3l9 9-9 9-9-9z',
  bad: 'M5 5l14 14M19 5L5 19',
  off: 'M4 12h16',
};

export function cameraMark(level: CameraLevel): TemplateResult {
  return html`<svg class="cam-mark ${level}" viewBox="0 0 24 24" aria-hidden="true">
    ${svg`<path d=${cameraShape[level]}></path>`}</svg>`;
}
