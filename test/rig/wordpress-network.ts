import fs from 'node:fs';
import path from 'node:path';
import type { WordPressSite } from './wordpress.ts';

/** A further site of a network. */
export interface NetworkSite {
  /** The name below the network's domain, or the folder below its path. */
  readonly name: string;
  readonly title: string;
  /** A domain of its own. */
  readonly domain?: string;
}

/** Makes a site a network (multisite), with WordPress's own functions, and gives it further sites, each with a post that names its own address. */
export function makeNetwork(site: WordPressSite, subdomains: boolean, sites: readonly NetworkSite[]): void {
  const { host } = new URL(site.url);
  const made = site.php(`
    require_once ABSPATH . 'wp-admin/includes/upgrade.php';
    foreach ($wpdb->tables('ms_global') as $table => $name) $wpdb->$table = $name;
    install_network();
    $made = populate_network(1, '${host}', 'owner@example.test', 'The network', '/', ${subdomains});
    echo is_wp_error($made) && $made->get_error_code() !== 'no_wildcard_dns' ? $made->get_error_message() : 'made';`);
  if (!made.endsWith('made')) throw new Error(`no network: ${made}`);
  const config = fs.readFileSync(path.join(site.root, 'wp-config.php'), 'utf8');
  site.write(
    'wp-config.php',
    config.replace('$table_prefix', `${networkLines(site, subdomains)}\n$table_prefix`),
  );
  for (const { name, title, domain } of sites) {
    const at = domain ?? (subdomains ? `${name}.${host}` : host);
    const folder = subdomains || domain !== undefined ? '/' : `/${name}/`;
    const said = site.php(`
      $id = wp_insert_site(array('domain' => '${at}', 'path' => '${folder}', 'network_id' => 1, 'title' => '${title}', 'user_id' => 1));
      if (is_wp_error($id)) { echo $id->get_error_message(); exit; }
      // The colon before a port, which the rig has and networks on the web have not, is left out there.
      $wpdb->update($wpdb->blogs, array('domain' => '${at}'), array('blog_id' => $id));
      clean_blog_cache($id);
      switch_to_blog($id);
      foreach (array('home', 'siteurl') as $name) update_option($name, untrailingslashit('http://${at}${folder}'));
      $at = untrailingslashit(get_option('home'));
      wp_insert_post(array('post_title' => 'News of ${name}', 'post_status' => 'publish', 'post_content' => "<a href=\\"$at/menu\\">menu</a> ${site.url}/about"));
      update_option('widget_text', array(2 => array('title' => '${title}', 'text' => "$at/é"), '_multiwidget' => 1));
      echo 'made';`);
    if (!said.endsWith('made')) throw new Error(`no site ${name}: ${said}`);
  }
}

/** The lines of wp-config.php that make a site a network. */
function networkLines(site: WordPressSite, subdomains: boolean): string {
  return `define('MULTISITE', true);
define('SUBDOMAIN_INSTALL', ${subdomains});
define('DOMAIN_CURRENT_SITE', '${new URL(site.url).host}');
define('PATH_CURRENT_SITE', '/');
define('SITE_ID_CURRENT_SITE', 1);
define('BLOG_ID_CURRENT_SITE', 1);`;
}
