import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import './styles/forms.css';
import Window from './shell/Window.svelte';
import { App } from './state/app.svelte.ts';
import { connect } from './transport/connect.ts';

const target = document.getElementById('app');
if (target !== null) {
  const transport = await connect();
  mount(Window, { target, props: { app: new App(transport) } });
}
