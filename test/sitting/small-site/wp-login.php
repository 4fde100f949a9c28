<?php
require __DIR__ . '/wp-load.php';
?>
<!doctype html>
<title>Log in</title>
<form method="post"><input name="log"><input name="pwd" type="password"><button>Log in</button></form>
